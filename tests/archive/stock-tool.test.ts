import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Codec } from '../../lib/archive/codecs/codec.ts';
import { StockTool, ToolFailure } from '../../lib/archive/codecs/stock-tool.ts';
import { FrameReader } from '../../lib/archive/frame-reader.ts';
import { FrameWriter } from '../../lib/archive/frame-writer.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
beforeEach(() => {
  folder = makeTemporaryFolder('stock-tool');
});
afterEach(() => removeTemporaryFolder(folder));

const nothing = Buffer.alloc(0);
/** Longer than any test: whoever does not end it runs into the time-out. */
const forever = ['600'];

async function collect(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

describe('a program of the system', () => {
  test('gives what it makes of what it is given, however large', async () => {
    const input = Buffer.alloc(5_000_000, 'a line\n');
    expect((await new StockTool('cat').run([], input, input.length)).equals(input)).toBe(true);
    const source = Readable.from([input, input]);
    expect((await collect(new StockTool('cat').stream([], source))).length).toBe(2 * input.length);
  });

  test('gives bytes whose memory may be given away', async () => {
    const { buffer, byteOffset, length } = await new StockTool('cat').run([], Buffer.from('few'), 3);
    expect([buffer.byteLength, byteOffset, length]).toEqual([3, 0, 3]);
  });

  test('that gives more than it may is ended', async () => {
    await expect(new StockTool('yes').run([], nothing, 1_000)).rejects.toThrow(RangeError);
  });

  test('that fails says why', async () => {
    await expect(new StockTool('cat').run(['/no such file'], nothing, 1)).rejects.toThrow(/no such file/);
    await expect(collect(new StockTool('cat').stream(['/no such file'], Readable.from([])))).rejects.toThrow(
      /no such file/,
    );
    await expect(new StockTool('false').run([], nothing, 1)).rejects.toThrow('false ended with 1');
  });

  test('that is not there is a failure of its own', async () => {
    const tool = new StockTool('no-such-program-of-any-system');
    await expect(tool.run([], Buffer.from('x'), 1)).rejects.toThrow(ToolFailure);
    await expect(collect(tool.stream([], Readable.from(['x'])))).rejects.toThrow(ToolFailure);
  });

  test('that ends before it has read everything does not fail for that', async () => {
    const input = Buffer.alloc(5_000_000, 'x');
    expect((await new StockTool('head').run(['-c', '10'], input, 10)).toString()).toBe('xxxxxxxxxx');
  });

  test('whose source fails gives the source’s failure', async () => {
    const source = createReadStream(`${folder}/not there`);
    await expect(collect(new StockTool('cat').stream([], source))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('is ended by who stops reading', async () => {
    for await (const piece of new StockTool('yes').stream([], Readable.from([]))) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
  });

  test('is ended by stop, all its processes at once', async () => {
    const tool = new StockTool('sleep');
    const running = [tool.run(forever, nothing, 1), tool.run(forever, nothing, 1)];
    tool.stop();
    // Together: one that rejects while another is awaited would count as unhandled.
    await Promise.all(running.map((one) => expect(one).rejects.toThrow('sleep ended with SIGKILL')));
  });
});

describe('who gives up', () => {
  const sleeping = (): Codec => {
    const tool = new StockTool('sleep');
    const wait = (): Promise<Buffer> => tool.run(forever, nothing, 1);
    return {
      name: 'xz',
      ending: '.xz',
      frameBytes: 1024,
      compress: wait,
      store: wait,
      decompress: wait,
      stop: () => tool.stop(),
    };
  };

  test('writing ends the processes under way', async () => {
    const frames = new FrameWriter({
      file: `${folder}/archive`,
      mode: 0o600,
      codec: sleeping(),
      level: 1,
      parallel: 3,
    });
    await frames.write(frames.takeBuffer(), 10, () => undefined);
    await frames.abort();
  });

  test('reading ends the processes under way', async () => {
    const reader = new FrameReader('/dev/null', sleeping());
    const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const read = reader.read({ frame: 0, archive: 0, offset: 0, storedSize: 0, size: 1, sha256 });
    reader.close();
    await expect(read).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
  });
});
