export {cacheRestoreScript, cacheSaveScript, type CacheOptions} from './cache.js';
export {commitScript, type CommitOptions} from './commit.js';
export {containerLabels, containerScript, environmentMounts, type ContainerOptions, type Mount} from './container.js';
export {engineScript, type EngineOptions} from './engine.js';
export {gpuCheckScript, type GpuCheckOptions} from './gpu-check.js';
export {imageScript, type ImageOptions} from './image.js';
export {pushScript, type PushOptions} from './push.js';
export {containerStateScript, explainState, parseContainerState, type ContainerState} from './state.js';
