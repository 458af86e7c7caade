import {awsStandIn} from './aws.js';
import {conformance} from './suite.js';

conformance(awsStandIn);
