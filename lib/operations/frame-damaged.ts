import { finding, type Finding } from '../core/findings.ts';

/** The finding of one frame of the archive `path`. The reader's `problem` begins with the frame, which is said already. */
export function frameDamaged(path: string, frame: number, problem: unknown): Finding {
  return finding('frame-damaged', { path, count: frame, reason: String(problem).replace(/^frame \d+: /, '') });
}
