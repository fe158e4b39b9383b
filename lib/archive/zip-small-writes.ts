import type { ZipArchive } from 'archiver';

/** The part of archiver's engine (compress-commons' ZipArchiveOutputStream) that is used here. */
interface ZipEngine {
  offset: number;
  write(chunk: Buffer | string): boolean;
  end(): unknown;
}

const blockBytes = 1 << 16;

/**
 * Makes archiver gather what it writes into blocks. It writes a zip's directory all at once, in pieces of two to four
 * bytes: measured, 6 KB of memory an entry, gigabytes for a million. To be called just before `finalize`. It reaches
 * into archiver 8; where a later one is made otherwise, it does nothing.
 */
export function gatherSmallWrites(archive: ZipArchive): void {
  const engine = (archive as unknown as { _module?: { engine?: Partial<ZipEngine> } })._module?.engine;
  if (!isZipEngine(engine)) return;
  const write = engine.write.bind(engine);
  const end = engine.end.bind(engine);
  let block = Buffer.allocUnsafe(blockBytes);
  let used = 0;
  const flush = (): void => {
    if (used === 0) return;
    // The engine counts what it writes; these bytes are counted already.
    engine.offset -= used;
    write(block.subarray(0, used));
    block = Buffer.allocUnsafe(blockBytes);
    used = 0;
  };
  engine.write = (chunk) => {
    const bytes = Buffer.from(chunk);
    if (used + bytes.length > blockBytes) flush();
    if (bytes.length > blockBytes) return write(bytes);
    bytes.copy(block, used);
    used += bytes.length;
    engine.offset += bytes.length;
    return true;
  };
  engine.end = () => {
    flush();
    return end();
  };
}

function isZipEngine(engine: Partial<ZipEngine> | undefined): engine is ZipEngine {
  return typeof engine?.write === 'function' && typeof engine.end === 'function' && typeof engine.offset === 'number';
}
