import { writeFileSync } from 'node:fs';
import { settingsJsonSchemaText } from '../lib/config/json-schema.ts';

writeFileSync(new URL('../config/config.schema.json', import.meta.url), settingsJsonSchemaText());
