import {
  anyOf,
  fields,
  flag,
  list,
  nothing,
  oneOf,
  optional,
  record,
  textThat,
  wholeNumber,
  type Shape,
} from '../core/value-shapes.ts';
import { levelBounds } from './default-settings.ts';
import { compressions } from './settings.ts';
import { isPermissionBits, isProjectPath, isTimeZone } from './value-rules.ts';

/*
 * The settings' schema once more, without its sentences and without its library, which takes as long to load as half of
 * a short command. It says yes only where the schema does (a test asks both); where it says no, the schema has the word.
 */

const filled = textThat((text) => text.length > 0);
const someOf = (shape: Shape): Shape => anyOf(shape, atLeastOne(shape));
const atLeastOne =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.length > 0 ? list(shape)(value) : '';

const strict = (shapes: Readonly<Record<string, Shape>>): Shape =>
  fields(Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, optional(shape)])), nothing);

const mode = oneOf('full', 'incremental', 'differential');
const timezone = textThat(isTimeZone);
const patterns = anyOf(filled, list(filled));
const sources = someOf(textThat((path) => path !== '' && isProjectPath(path)));

const schedule: Shape = (value) => {
  const wrong = strict({ cron: filled, mode, type: mode, targets: atLeastOne(filled), timezone })(value);
  return wrong ?? (Object.hasOwn(value as object, 'cron') ? undefined : 'cron');
};
const target = strict({ enabled: flag, paths: sources, exclude: patterns, groups: record(sources) });
const ownTarget = anyOf(sources, target);
const defaultTarget = optional(anyOf(flag, ownTarget));
const tier = wholeNumber(0);

const settings = strict({
  enabled: flag,
  schedule: anyOf(filled, record(anyOf(filled, schedule))),
  timezone,
  retention: anyOf(
    wholeNumber(1),
    strict({
      days: wholeNumber(1),
      count: wholeNumber(1),
      hourly: tier,
      daily: tier,
      weekly: tier,
      monthly: tier,
      yearly: tier,
    }),
  ),
  maxBackups: wholeNumber(1),
  incremental: strict({ enabled: flag, maxIncrementals: wholeNumber(1) }),
  storage: strict({
    type: oneOf('local'),
    path: filled,
    compress: flag,
    compression: oneOf(...compressions),
    compressionLevel: wholeNumber(levelBounds.lowest, levelBounds.highest),
    format: oneOf('tar', 'zip', 'directory'),
    encrypt: flag,
    encryptionKey: filled,
    recipients: list(filled),
    oldKeyFiles: list(filled),
    archiveName: filled,
    fileMode: textThat((bits) => isPermissionBits(bits, 0o600)),
    folderMode: textThat((bits) => isPermissionBits(bits, 0o700)),
    allowOthersToWrite: flag,
  }),
  targets: fields(
    {
      config: defaultTarget,
      database: defaultTarget,
      logs: defaultTarget,
      agents: defaultTarget,
      state: defaultTarget,
      security: defaultTarget,
    },
    ownTarget,
  ),
  exclude: patterns,
});

/** True for a section in the nested form that the schema has nothing to say against. */
export function isPlainlyValid(section: unknown): boolean {
  return settings(section) === undefined;
}
