import { extremeNumber, extremeText, extremeValue } from './extremes.ts';
import type { Random } from './random.ts';

type Container = Record<string | number, unknown>;

/** Changes a JSON value as somebody does who knows the format: a field at a time, anywhere in it. */
export function mutateJson<T>(random: Random, value: T): T {
  const changed = structuredClone(value);
  for (let times = random.few(); times > 0; times -= 1) {
    const places = placesIn(changed);
    if (places.length > 0) mutateOne(random, random.pick(places));
  }
  return changed;
}

interface Place {
  of: Container;
  key: string | number;
}

/** Every field and member, at any depth. */
function placesIn(value: unknown, places: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return places;
  const of = value as Container;
  const keys = Array.isArray(value) ? Object.keys(value).map(Number) : Object.keys(value);
  for (const key of keys) {
    places.push({ of, key });
    placesIn(of[key], places);
  }
  return places;
}

function mutateOne(random: Random, { of, key }: Place): void {
  const value = of[key];
  switch (random.below(8)) {
    case 0:
      delete of[key];
      return;
    case 1:
      set(of, key, extremeValue(random));
      return;
    case 2:
      // Another field's value, whatever it is.
      set(of, key, of[random.pick(Object.keys(of))]);
      return;
    case 3:
      set(of, random.pick([extremeText(random), '__proto__', 'constructor']), value);
      return;
    case 4:
      if (Array.isArray(of)) of.push(...(of as unknown[]).slice(0, 50));
      else set(of, key, [value]);
      return;
    default:
      // The same type, and extreme: that gets past more checks than all else.
      if (typeof value === 'number')
        set(of, key, random.chance(0.5) ? extremeNumber(random) : value + random.pick([-1, 1, 512]));
      else if (typeof value === 'string')
        set(of, key, random.chance(0.7) ? extremeText(random) : `${value}${extremeText(random)}`);
      else set(of, key, extremeValue(random));
  }
}

/** `__proto__` as a key of its own, as JSON.parse makes it. */
function set(of: Container, key: string | number, value: unknown): void {
  Object.defineProperty(of, key, { value, enumerable: true, configurable: true, writable: true });
}

/** JSON text that only a parser by the letter of the format takes: huge numbers, keys twice, spaces. */
export function textOf(random: Random, value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  if (!random.chance(0.1)) return text;
  const at = random.below(text.length);
  switch (random.below(4)) {
    case 0:
      return text.replace(
        /:(\d+)/,
        () => `:${random.pick(['1e400', '-1e400', '1e-400', '00', '1.', '9'.repeat(500)])}`,
      );
    case 1:
      return text.replace(/^\{/, '{"path":"../outside/planted","path":"state/x",');
    case 2:
      return `${text.slice(0, at)}${random.pick(['\t', ' ', '\u0000', '\ufeff', ',', '{', ']'])}${text.slice(at)}`;
    default:
      return `${'['.repeat(random.pick([10, 10_000]))}${text}`;
  }
}
