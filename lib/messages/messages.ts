import type { en } from './en/index.ts';

/** The catalogue's shape: the English one's keys, each a sentence or a function that makes one. */
export type Messages = Widen<typeof en>;

type Widen<T> = T extends string
  ? string
  : T extends (...args: infer A) => string
    ? (...args: A) => string
    : { [K in keyof T]: Widen<T[K]> };

export type Language = 'en' | 'ja';
