import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { settingsJsonSchema } from '../../lib/config/json-schema.ts';
import { loadSettings } from '../../lib/config/load-settings.ts';

const project = fileURLToPath(new URL('../../', import.meta.url));

test('config/config.schema.json is what the schema gives (`npm run schema` writes it)', async () => {
  const file = JSON.parse(await readFile(`${project}config/config.schema.json`, 'utf8')) as unknown;
  expect(file).toEqual(settingsJsonSchema());
});

test('it tells editors the keys, their defaults, and that variables are fine', () => {
  const { backup } = settingsJsonSchema()['properties'] as { backup: { properties: Record<string, unknown> } };
  expect(backup).toMatchObject({ additionalProperties: false });
  expect(backup.properties['maxBackups']).toEqual({
    description: 'At most so many backups are kept.',
    default: 10,
    anyOf: [{ type: 'integer', minimum: 1 }, { $ref: '#/definitions/variable' }],
  });
});

test("the toolkit's own settings are valid and give a first backup of all six targets", async () => {
  const settings = await loadSettings({ root: project, environment: {} });
  expect(settings.targets).toHaveLength(6);
  expect(settings.schedules).toHaveLength(1);
  expect(settings.retention).toEqual({ days: 30, count: 10 });
});
