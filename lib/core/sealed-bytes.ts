/** Encrypts one file, from its first byte to its last. */
export interface Sealer {
  /** What the file begins with, in the clear. */
  readonly head: Buffer;
  /** Resolves once `seal` may be called: its key may still be on its way. */
  readonly ready: Promise<void>;
  /** The bytes that follow those given before, encrypted. */
  seal(bytes: Uint8Array): Buffer;
}

/** Decrypts any part of such a file. It proves nothing: the bytes given were proven by their hash. */
export interface Opener {
  /** How many bytes the file begins with that are no content. */
  readonly headBytes: number;
  /** @param offset in the file, of the first byte given; never within its head. */
  open(bytes: Uint8Array, offset: number): Buffer;
}
