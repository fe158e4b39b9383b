import * as z from 'zod';
import { compression, flag, patterns, text, wholeNumber } from './field-types.ts';
import { levelBounds } from './default-settings.ts';
import type { FlatKey } from './flat-keys.ts';
import type { GivenSettings, GivenTarget } from './settings-schema.ts';

const shape = {
  backup_dir: text('a folder').optional(),
  compression: compression().optional(),
  compression_level: wholeNumber(levelBounds.lowest, levelBounds.highest).optional(),
  include_databases: flag().optional(),
  include_knowledge: flag().optional(),
  include_logs: flag().optional(),
  exclude_patterns: patterns().optional(),
  retention_days: wholeNumber(1, undefined, 'of days ').optional(),
  encryption: flag().optional(),
  cloud_backup: z
    .boolean('true or false')
    .refine((wanted) => !wanted, { error: 'false; copies off this machine are not available in this version' })
    .optional(),
} satisfies Record<FlatKey, z.ZodType>;

/** The flat keys; `$schema` is let pass, for editors. */
export const flatSchema = z.strictObject({ $schema: z.string('a text').optional(), ...shape }, 'an object of settings');

export type FlatSettings = z.infer<typeof flatSchema>;

/** What `include_knowledge` protects. */
const knowledge: GivenTarget = {
  groups: { 'knowledge-base': ['knowledge_base'], 'learning-sessions': ['learning_sessions'] },
};

/** The same settings in the nested form. */
export function nestFlatSettings(flat: FlatSettings): GivenSettings {
  const storage = definedOnly({
    path: flat.backup_dir,
    compression: flat.compression,
    compressionLevel: flat.compression_level,
    encrypt: flat.encryption,
  });
  const targets = definedOnly({
    database: flat.include_databases,
    logs: flat.include_logs,
    knowledge: flat.include_knowledge === true ? knowledge : undefined,
  });
  return definedOnly({
    storage,
    targets,
    exclude: flat.exclude_patterns,
    retention: flat.retention_days,
  });
}

function definedOnly(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
