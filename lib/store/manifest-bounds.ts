/** What any manifest may unpack to, however few bytes are stored. */
const alwaysAllowedBytes = 64 << 20;
/**
 * Manifests shrink to a third or a sixth: each line of a file has 32 bytes of hash that cannot shrink, and one of a folder
 * its times. What gives 256 times its stored bytes is made to fill the memory of whoever reads it.
 */
const mostTimes = 256;

/** Why a manifest of so many bytes, stored in so many, is none; undefined where it may be one. */
export function bombReason(bytes: number, storedBytes: number): string | undefined {
  if (bytes <= alwaysAllowedBytes + storedBytes * mostTimes) return undefined;
  return `it unpacks to more than ${mostTimes} times the ${storedBytes} bytes that are stored`;
}

/** Passes a manifest's bytes on as long as they may be those of one. @throws RangeError */
export async function* bounded(chunks: AsyncIterable<Buffer>, storedBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    const reason = bombReason(bytes, storedBytes);
    if (reason !== undefined) throw new RangeError(reason);
    yield chunk;
  }
}
