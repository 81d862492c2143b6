import { HOST, portOf } from '../addresses.js';

/** The routes of the faults. The gateway itself plays the services that they call. */
export const FAULTS_URL = `http://${HOST}:${portOf('GATEWAY_PORT')}/api/faults`;
