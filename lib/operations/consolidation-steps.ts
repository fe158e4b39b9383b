import { codecOf } from '../archive/codecs.ts';
import { contentParts, type ContentPart } from '../archive/content-parts.ts';
import { tarHeaderSize } from '../archive/tar-headers.ts';
import { ContentPieces } from '../store/content-pieces.ts';
import type { FrameLine, ManifestEntry } from '../store/manifest.ts';
import type { ConsolidatedBytes } from './consolidate-result.ts';
import type { ConsolidationPlan } from './plan-consolidation.ts';

/** What is done next for the new archive. */
export type ConsolidationStep =
  | { do: 'copy'; frames: FrameLine[]; entries: ManifestEntry[] }
  | { do: 'pack'; entry: ManifestEntry; pieces?: ContentPieces; parts?: ContentPart[] };

/** All that is done, in the order of the manifest's entries; some at a time. */
export async function* consolidationSteps(plan: ConsolidationPlan): AsyncGenerator<ConsolidationStep[]> {
  const { source, frames, runs } = plan;
  const { frameBytes } = codecOf(plan.compression);
  let next = 0;
  let number = 0;
  let entries: ManifestEntry[] = [];
  for await (const batch of source.readManifest()) {
    const steps: ConsolidationStep[] = [];
    for (const line of batch) {
      if (line.type !== 'entry') continue;
      const run = runs[next];
      if (run === undefined || number < run.start) steps.push(packing(plan, line.entry, frameBytes));
      else {
        entries.push(line.entry);
        if (entries.length === run.entries) {
          steps.push({ do: 'copy', frames: framesFrom(run.firstFrame, run.lastFrame), entries });
          entries = [];
          next += 1;
        }
      }
      number += 1;
    }
    yield steps;
  }

  function framesFrom(first: number, last: number): FrameLine[] {
    return Array.from({ length: last - first + 1 }, (_, at) => frames.get(first + at));
  }
}

function packing(
  { header, frames, compression }: ConsolidationPlan,
  entry: ManifestEntry,
  frameBytes: number,
): ConsolidationStep {
  const headerBytes = tarHeaderSize(entry);
  if (headerBytes + entry.size <= frameBytes) return { do: 'pack', entry };
  const pieces = new ContentPieces(entry, frames);
  const canCopy = (archive: number): boolean =>
    (header.archives[archive]?.compression ?? header.compression) === compression;
  const parts = contentParts(pieces, frames, { headerBytes, frameBytes, canCopy });
  // Where the manifest names too few bytes, reading it as a whole tells.
  if (parts.length === 1 || pieces.size !== entry.size) return { do: 'pack', entry };
  return { do: 'pack', entry, pieces, parts };
}

/** How much of the content is copied as it is, and how much is not. */
export async function consolidatedBytes(plan: ConsolidationPlan): Promise<ConsolidatedBytes> {
  const bytes = { copiedBytes: 0, repackedBytes: 0 };
  for await (const steps of consolidationSteps(plan)) {
    for (const step of steps) {
      if (step.do === 'copy') for (const { storedSize } of step.frames) bytes.copiedBytes += storedSize;
      else if (step.parts === undefined) bytes.repackedBytes += step.entry.size;
      else {
        for (const part of step.parts) {
          if ('frame' in part) bytes.copiedBytes += plan.frames.get(part.frame).storedSize;
          else bytes.repackedBytes += part.to - part.from;
        }
      }
    }
  }
  return bytes;
}
