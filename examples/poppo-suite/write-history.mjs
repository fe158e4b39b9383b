/**
 * Stands for the application at work: records task after task until it is told to stop.
 *
 *   node write-history.mjs PROJECT
 *
 * Prints `ready` after its first task and, on SIGTERM, how many it recorded.
 */
import { join } from 'node:path';
import { agents, openHistory, taskRecorder } from './history.mjs';

const database = openHistory(join(process.argv[2] ?? '.', 'data', 'poppo-history.db'));
const record = taskRecorder(database);
let recorded = 0;

const timer = setInterval(() => {
  record(agents[recorded % agents.length], 1000 + (recorded % 500), 100 + ((recorded * 37) % 900));
  recorded += 1;
  if (recorded === 1) console.log('ready');
}, 2);

const stop = () => {
  clearInterval(timer);
  database.close();
  console.log(String(recorded));
  if (process.connected) process.disconnect();
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
// Nobody is left to stop it once whoever started it is gone.
if (process.send !== undefined) process.once('disconnect', stop);
