/**
 * Shapes that a JSON value must have. A shape gives the path of the first value that is not as it says, in dotted keys
 * and '' for the whole; undefined where all is well. Plain functions: every command reads settings and metadata, and a
 * schema library takes longer to load than a hundred backups take to read.
 */
export type Shape = (value: unknown) => string | undefined;

const where =
  (holds: (value: unknown) => boolean): Shape =>
  (value) =>
    holds(value) ? undefined : '';

export const text = where((value) => typeof value === 'string');
/** A finite number: JSON can spell larger ones. */
export const number = where((value) => Number.isFinite(value));
export const flag = where((value) => typeof value === 'boolean');

export const textThat = (holds: (text: string) => boolean): Shape =>
  where((value) => typeof value === 'string' && holds(value));

export const textLike = (pattern: RegExp): Shape => textThat((value) => pattern.test(value));

export const time = textThat((value) => !Number.isNaN(Date.parse(value)));

export const wholeNumber = (least: number, most = Number.MAX_SAFE_INTEGER): Shape =>
  where((value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most);

export const oneOf = (...words: readonly string[]): Shape =>
  where((value) => typeof value === 'string' && words.includes(value));

export const anyOf =
  (...shapes: readonly Shape[]): Shape =>
  (value) =>
    shapes.some((shape) => shape(value) === undefined) ? undefined : '';

export const optional =
  (shape: Shape): Shape =>
  (value) =>
    value === undefined ? undefined : shape(value);

/** An object with these keys. Others must have the shape `rest`; without it all are let pass, for a newer version's sake. */
export function fields(shapes: Readonly<Record<string, Shape>>, rest?: Shape): Shape {
  const inOrder = Object.entries(shapes);
  return (value) => {
    if (!isObject(value)) return '';
    for (const [key, shape] of inOrder) {
      const wrong = shape(Object.hasOwn(value, key) ? value[key] : undefined);
      if (wrong !== undefined) return joined(key, wrong);
    }
    if (rest === undefined) return undefined;
    return firstWrong(
      Object.entries(value).filter(([key]) => !Object.hasOwn(shapes, key)),
      rest,
    );
  };
}

/** No deeper than that many levels: what goes through JSON by recursion ends the process where it is too deep. */
export function shallow(levels: number): Shape {
  const isShallow = (value: unknown, left: number): boolean =>
    typeof value !== 'object' ||
    value === null ||
    (left > 0 && Object.values(value).every((one) => isShallow(one, left - 1)));
  return where((value) => isShallow(value, levels));
}

/** For `rest`: there is to be nothing else. */
export const nothing = where(() => false);

/** An object whose keys are free. */
export const record =
  (shape: Shape): Shape =>
  (value) =>
    isObject(value) ? firstWrong(Object.entries(value), shape) : '';

export const list =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) ? firstWrong(value.entries(), shape) : '';

function firstWrong(members: Iterable<[string | number, unknown]>, shape: Shape): string | undefined {
  for (const [key, value] of members) {
    const wrong = shape(value);
    if (wrong !== undefined) return joined(key, wrong);
  }
  return undefined;
}

function joined(key: string | number, inside: string): string {
  return inside === '' ? String(key) : `${key}.${inside}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
