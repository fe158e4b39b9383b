import * as z from 'zod';
import { settingsSchema } from './settings-schema.ts';

type Json = { [key: string]: unknown };

/** What editors are told about a value that is to come from the environment. */
const variable = { type: 'string', pattern: '^\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}$' };

/**
 * The JSON Schema of a settings file, for editors: `config/config.schema.json` holds it. Made from the schema that
 * checks the settings, with one thing more: where no text is allowed, `${NAME}` is.
 */
export function settingsJsonSchema(): Json {
  const backup = z.toJSONSchema(settingsSchema, { target: 'draft-7', io: 'input', override: withVariables }) as Json;
  delete backup['$schema'];
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Settings of ai-backup',
    description: 'The key "backup" of config/config.json. Other keys belong to the project.',
    type: 'object',
    properties: { backup: { description: 'Backups of this project.', ...backup } },
    definitions: { variable: { description: 'Filled in from the environment or .env.', ...variable } },
  };
}

/** The text of `config/config.schema.json`. */
export function settingsJsonSchemaText(): string {
  return `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`;
}

function withVariables({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodType;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}): void {
  const schema = jsonSchema as Json;
  // JSON has no such bound; it is JavaScript's own.
  if (schema['maximum'] === Number.MAX_SAFE_INTEGER) delete schema['maximum'];
  const { type } = zodSchema._zod.def;
  if (type !== 'number' && type !== 'boolean' && type !== 'enum') return;
  const { description, default: standard, ...value } = schema;
  for (const key of Object.keys(schema)) delete schema[key];
  Object.assign(
    schema,
    description === undefined ? {} : { description },
    standard === undefined ? {} : { default: standard },
  );
  schema['anyOf'] = [value, { $ref: '#/definitions/variable' }];
}
