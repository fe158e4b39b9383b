/** Copies one database as whoever runs it: `node --import tsx copy-as.ts SOURCE DESTINATION`. Prints the result as JSON. */
import { copySqlite } from '../../../lib/targets/databases/sqlite-driver.ts';
import { patience } from './sqlite-folder.ts';

const [source = '', destination = ''] = process.argv.slice(2);
console.log(JSON.stringify(await copySqlite({ source, destination, ...patience() })));
