import { maskedLabel, maskText, secretReason } from './mask-secrets.ts';

/** What others wrote: drivers, systems, parsers. Paths and names of ours are not among them. */
const quoting = ['reason', 'problem', 'problems', 'hint'] as const;
/** A system's code (`EACCES`) and the like: nothing to look for. */
const plainWord = /^[A-Za-z_-]{0,20}$/;

/**
 * The parameters of an error's or a finding's sentence, without secrets: what was given to an option or a variable (`value`) as
 * far as its name or itself says that it is one; reasons as `maskText` has them. Masking twice changes nothing.
 */
export function maskParams<P extends object>(params: P): P {
  const given = params as Readonly<Record<string, unknown>>;
  const masked: Record<string, unknown> = {};
  for (const key of quoting) {
    const found = given[key];
    const shown = Array.isArray(found) ? maskEach(found) : typeof found === 'string' ? maskReason(found) : found;
    if (shown !== found) masked[key] = shown;
  }
  const { value } = given;
  if (typeof value === 'string') {
    const name = given['option'] ?? given['name'];
    const shown = maskGiven(typeof name === 'string' ? name : '', value);
    if (shown !== value) masked['value'] = shown;
  }
  // Mostly there is nothing to mask, and the parameters are what they were.
  return Object.keys(masked).length === 0 ? params : { ...params, ...masked };
}

/** The same list where none of it is masked. */
function maskEach(texts: readonly unknown[]): readonly unknown[] {
  const masked = texts.map((one) => (typeof one === 'string' ? maskReason(one) : one));
  return masked.every((one, index) => one === texts[index]) ? texts : masked;
}

function maskReason(text: string): string {
  return plainWord.test(text) ? text : maskText(text);
}

/** A value that was given under a name; of an assignment (`key=value`) the value only. */
function maskGiven(name: string, value: string): string {
  const masked = maskText(value);
  if (masked !== value) return masked;
  const at = value.indexOf('=');
  if (at > 0 && /^[\w.-]+$/.test(value.slice(0, at))) {
    const [key, given] = [value.slice(0, at), value.slice(at + 1)];
    return secretReason({ name: key, value: given }) === undefined ? value : `${key}=${maskedLabel(given)}`;
  }
  return secretReason({ name, value }) === undefined ? value : maskedLabel(value);
}
