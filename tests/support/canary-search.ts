/** Where a piece of a secret was found. */
export interface Leak {
  kind: string;
  /** How it was written there. */
  form: string;
  /** In bytes. */
  offset: number;
  /** What stands around it, so that its origin can be told. */
  around: string;
}

interface Window {
  kind: string;
  form: string;
}

/** So many characters of a secret, one behind the other, are a leak. */
const leastCharacters = 8;
/** Of base64: what eight bytes are at least, whatever stands before them. */
const leastBase64 = 10;

/**
 * Looks for pieces of secrets in bytes: as they are, in base64 (also of what has something before them), in hex, as a URL, as
 * JSON and in UTF-16 write them, and backwards. A piece of eight characters is enough, from anywhere in a secret.
 */
export class CanarySearch {
  private readonly windows = new Map<string, Window>();
  private readonly lengths: readonly number[];
  /** The first three bytes of all windows, one bit each: most places of a file need no further look. */
  private readonly beginnings = new Uint8Array(1 << 21);

  constructor(secrets: readonly { kind: string; secret: string }[]) {
    const lengths = new Set<number>();
    for (const { kind, secret } of secrets) {
      for (const { form, text, length } of formsOf(secret)) {
        lengths.add(length);
        for (let at = 0; at + length <= text.length; at += 1) this.add(text.slice(at, at + length), { kind, form });
      }
    }
    this.lengths = [...lengths];
  }

  /** The first leak of each kind and form. */
  leaksIn(bytes: Buffer): Leak[] {
    const found = new Map<string, Leak>();
    const text = bytes.toString('latin1');
    for (let offset = 0; offset + 3 <= bytes.length; offset += 1) {
      const start = beginning(bytes, offset);
      if (((this.beginnings[start >> 3] ?? 0) & (1 << (start & 7))) === 0) continue;
      for (const length of this.lengths) {
        const window = this.windows.get(text.slice(offset, offset + length));
        if (window === undefined) continue;
        const key = `${window.kind}, ${window.form}`;
        const around = text.slice(Math.max(0, offset - 60), offset + 60);
        if (!found.has(key)) found.set(key, { ...window, offset, around });
      }
    }
    return [...found.values()];
  }

  private add(text: string, window: Window): void {
    if (!this.windows.has(text)) this.windows.set(text, window);
    const start = beginning(Buffer.from(text, 'latin1'), 0);
    this.beginnings[start >> 3] = (this.beginnings[start >> 3] ?? 0) | (1 << (start & 7));
  }
}

const beginning = (bytes: Buffer, at: number): number =>
  ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);

/** Every way in which a secret may be written, as bytes in Latin-1, and how much of it is a leak. */
function formsOf(secret: string): { form: string; text: string; length: number }[] {
  const bytes = Buffer.from(secret, 'utf8');
  const json = JSON.stringify(secret).slice(1, -1);
  const backwards = [...secret].reverse().join('');
  const urlBytes = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const escaped = [...secret].map((one) => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`).join('');
  const plain = (form: string, text: string, length = leastCharacters): ReturnType<typeof formsOf>[number] => ({
    form,
    text: Buffer.from(text, 'utf8').toString('latin1'),
    length,
  });
  return [
    plain('as it is', secret),
    plain('JSON', json),
    plain('JSON in JSON', JSON.stringify(json).slice(1, -1)),
    plain('JSON, every character escaped', escaped, leastCharacters * 6),
    plain('URL', encodeURIComponent(secret)),
    plain('URL of a form', new URLSearchParams({ '': secret }).toString().slice(1)),
    plain('URL, every byte', urlBytes, leastCharacters * 3),
    plain('URL, every byte, capitals', urlBytes.toUpperCase(), leastCharacters * 3),
    plain('backwards', backwards),
    plain('hex', bytes.toString('hex'), leastCharacters * 2),
    plain('hex, capitals', bytes.toString('hex').toUpperCase(), leastCharacters * 2),
    { form: 'UTF-16', text: Buffer.from(secret, 'utf16le').toString('latin1'), length: leastCharacters * 2 },
    ...[0, 1, 2].flatMap((before) => {
      const encoded = base64Behind(before, bytes);
      return [
        plain('base64', encoded, leastBase64),
        plain('base64url', encoded.replaceAll('+', '-').replaceAll('/', '_'), leastBase64),
      ];
    }),
  ];
}

/** The characters of base64 that depend on the secret alone, where `before` bytes of something else go ahead of it. */
function base64Behind(before: number, bytes: Buffer): string {
  const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  const first = Math.ceil((before * 8) / 6);
  const end = Math.floor(((before + bytes.length) * 8) / 6);
  return whole.slice(first, end);
}
