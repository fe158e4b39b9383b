import { MessageChannel, type MessagePort } from 'node:worker_threads';

interface Transferable {
  transfer?: (bytes: number) => ArrayBuffer;
}

const smallestOwnBytes = 1 << 16;

/** A port whose other end is closed: what is handed over to it is gone. */
let nowhere: MessagePort | undefined;

function portToNowhere(): MessagePort {
  if (nowhere === undefined) {
    const { port1, port2 } = new MessageChannel();
    port2.close();
    port1.unref();
    nowhere = port1;
  }
  return nowhere;
}

/**
 * Gives a large buffer's memory back at once. Megabytes that wait for the collector count as memory of the process,
 * make it collect more often, and each new one has to be fetched from the system page by page. Nobody may use the
 * buffer any more; one that shares its memory with others is left alone.
 */
export function releaseBuffer(bytes: Buffer): void {
  const memory = bytes.buffer;
  // A small buffer may be the first in Node's pool (64 KiB since Node 24), which cannot be given away.
  const largestShared = Math.max(Buffer.poolSize, smallestOwnBytes);
  if (bytes.byteOffset !== 0 || memory.byteLength <= largestShared || !(memory instanceof ArrayBuffer)) return;
  const { transfer } = memory as Transferable;
  if (transfer !== undefined) transfer.call(memory, 0);
  // Node 20 has no `transfer`; handing the memory over to nobody does the same.
  else portToNowhere().postMessage(null, [memory]);
}
