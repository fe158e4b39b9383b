import type { Random } from './random.ts';

/** Changes bytes as damage does, and as somebody who does not know the format: flips, cuts, copies, extreme numbers. */
export function mutateBytes(random: Random, bytes: Buffer): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  for (let times = random.few(); times > 0; times -= 1) changed = once(random, changed);
  return changed;
}

function once(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length);
  const span = 1 + random.below(random.pick([4, 64, 4096]));
  switch (random.below(9)) {
    case 0:
    case 1:
      return withBytes(bytes, at, Buffer.from([(bytes[at] ?? 0) ^ (1 << random.below(8))]));
    case 2:
      return withBytes(bytes, at, Buffer.alloc(Math.min(span, bytes.length - at), random.pick([0, 0xff, 0x20, 0x30])));
    case 3:
      return withBytes(bytes, at, integer(random));
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + span))]);
    case 6:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + span), bytes.subarray(at)]);
    case 7:
      return Buffer.concat([bytes, random.chance(0.5) ? random.bytes(span) : bytes.subarray(at, at + span)]);
    default: {
      const from = random.below(bytes.length);
      return withBytes(bytes, at, bytes.subarray(from, from + span));
    }
  }
}

/** An extreme number as two, four or eight bytes, either end first. */
function integer(random: Random): Buffer {
  const value = random.pick([
    0n,
    1n,
    0x7fn,
    0x7fffn,
    0xffffn,
    0x7fffffffn,
    0xffffffffn,
    0x7fffffffffffffffn,
    2n ** 64n - 1n,
  ]);
  const bytes = Buffer.alloc(8);
  if (random.chance(0.5)) bytes.writeBigUInt64LE(value);
  else bytes.writeBigUInt64BE(value);
  const length = random.pick([2, 4, 8]);
  return bytes[0] === 0 ? bytes.subarray(8 - length) : bytes.subarray(0, length);
}

/** Puts bytes in the place of others; the length stays. */
export function withBytes(bytes: Buffer, at: number, put: Uint8Array): Buffer {
  const changed = Buffer.from(bytes);
  changed.set(put.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
  return changed;
}
