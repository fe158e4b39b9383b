/* eslint-disable no-control-regex -- control characters are what this is about */

/*
 * The last door before the terminal. Whoever prints a name of somebody else escapes it (`printablePath`); what was forgotten
 * there is caught here.
 */

/** Controls, and what turns the direction of writing over: all but line ends, tabs and what `colors` leaves. */
const dangerous = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const colorOrDangerous =
  /\u001b\[(\d{1,2})m|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Those that picocolors gives for what is used here: colours, bold, dim, and their ends. */
const colors = new Set(['0', '1', '2', '22', '31', '32', '33', '34', '35', '36', '39', '90']);

/** A text in which nothing can drive a terminal but the colours that are ours. */
export function harmless(text: string): string {
  if (!dangerous.test(text)) return text;
  return text.replace(colorOrDangerous, (found, color: string | undefined) =>
    color !== undefined && colors.has(color) ? found : [...found].map(escaped).join(''),
  );
}

const leftByJson = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The same JSON, with nothing in it that drives a terminal: all such characters stand in its texts. */
export const harmlessJson = (json: string): string => json.replace(leftByJson, (found) => unicode(found));

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  if (!dangerous.test(character)) return character;
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : unicode(character);
}

const unicode = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
