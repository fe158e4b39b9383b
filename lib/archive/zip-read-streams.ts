import { PassThrough, type Readable } from 'node:stream';

type Done = (error: Error | null, stream?: Readable) => void;

/** The part of a ZipFile of yauzl 2, which extract-zip brings with it, that is mended here. */
interface ZipWithStreams {
  openReadStream(entry: unknown, done: Done): void;
}

const mended = new WeakSet<object>();

/**
 * Makes the streams of extract-zip's own yauzl end when they fail. yauzl 2 puts a function in the place of `destroy`
 * that tells nobody: on today's Node an entry that is damaged, or larger than it declares, or a full disk, and
 * extract-zip waits for ever (https://github.com/max-mapper/extract-zip has no newer version).
 */
export function mendReadStreams(zip: object): void {
  if (mended.has(zip)) return;
  mended.add(zip);
  const withStreams = zip as ZipWithStreams;
  const open = withStreams.openReadStream.bind(zip);
  withStreams.openReadStream = (entry, done) => {
    open(entry, (error, stream) => {
      if (stream === undefined) return done(error);
      done(null, mendedStream(stream));
    });
  };
}

function mendedStream(stream: Readable): Readable {
  const outlet = new PassThrough();
  const close = stream.destroy.bind(stream);
  stream.destroy = (error) => {
    close();
    // Without an error it is Node that tidies up behind the end.
    if (error !== undefined && error !== null) outlet.destroy(error);
    return stream;
  };
  stream.once('error', (error) => outlet.destroy(error));
  outlet.once('close', () => {
    if (!stream.readableEnded) close();
  });
  return stream.pipe(outlet);
}
