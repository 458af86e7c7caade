import type {Origin, Origins, WishKey, Wishes} from './model.js';
import {wishPlaces} from './wish-fields.js';
import type {YamlFile} from './yaml-file.js';

/** Which line of the file asks for each wish, as `file:line`. `place` leads to the map that holds them. */
export function originsOf(yaml: YamlFile, wishes: Wishes, place: ReadonlyArray<PropertyKey>): Origins {
	const origins: Partial<Record<WishKey, Origin>> = {};
	for (const key of Object.keys(wishes) as WishKey[]) {
		origins[key] = `${yaml.file}:${yaml.at([...place, ...wishPlaces[key]], '', {key: true}).line}`;
	}

	return origins;
}
