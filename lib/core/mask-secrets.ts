import { looksRandom } from './mask-entropy.ts';
import { isIdentifierName, isSecretName } from './mask-names.ts';
import { secretSpans, type SecretShape } from './mask-shape-pattern.ts';
import { secretShapes } from './mask-shapes.ts';

/** Why a value is taken for a secret. */
export type SecretReason = 'name' | 'entropy' | SecretShape;

/** All that is ever shown of a secret's length. */
export type LengthClass = '1-7' | '8-15' | '16-31' | '32-63' | '64+';

/** What stands where a secret was. It holds nothing that was computed from the secret but its length's class. */
export interface MaskedValue {
  masked: true;
  reason: SecretReason;
  /** In characters. */
  length: LengthClass;
}

/**
 * Why a value must not be shown, or undefined when it may be. An empty value is no secret. In doubt it is one: UUIDs and
 * commit hashes pass only under a name that says what they are (`…_ID`, `GIT_COMMIT`).
 */
export function secretReason(variable: { name: string; value: string }): SecretReason | undefined {
  const { name, value } = variable;
  if (value === '') return undefined;
  if (isSecretName(name, value)) return 'name';
  for (const shape of secretShapes) {
    for (const span of secretSpans(shape, value)) if (span[0] < span[1]) return shape.shape;
  }
  if (!isIdentifierName(name) && looksRandom(value)) return 'entropy';
  return undefined;
}

/** The class of a length in characters. */
export function lengthClass(length: number): LengthClass {
  if (length < 8) return '1-7';
  if (length < 16) return '8-15';
  if (length < 32) return '16-31';
  return length < 64 ? '32-63' : '64+';
}

/** The value's stand-in where it is a secret, else undefined. */
export function maskValue(variable: { name: string; value: string }): MaskedValue | undefined {
  const reason = secretReason(variable);
  return reason === undefined ? undefined : { masked: true, reason, length: lengthClass(variable.value.length) };
}

/** What an earlier pattern left is nothing to hide again. */
const label = /^\[masked:[\d+-]+\]?$/;

/** A secret's stand-in in text: `[masked:8-15]`. */
export function maskedLabel(secret: string): string {
  return `[masked:${lengthClass(secret.length)}]`;
}

/**
 * Free text, such as an error of a database driver, with every secret of a known shape replaced by its label: user info
 * and secret parameters of URLs, `password=…`, tokens, PEM blocks. Text without any comes back as it is.
 */
export function maskText(text: string): string {
  let masked = text;
  for (const shape of secretShapes) {
    let done = '';
    let at = 0;
    for (const [from, to] of secretSpans(shape, masked)) {
      const secret = masked.slice(from, to);
      done += masked.slice(at, from) + (label.test(secret) ? secret : maskedLabel(secret));
      at = to;
    }
    masked = done + masked.slice(at);
  }
  return masked;
}
