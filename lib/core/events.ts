import { EventEmitter } from 'node:events';
import type { Finding } from './findings.ts';

/** What a run is doing: the words of `messages/<lang>/progress.ts`. */
export type Phase =
  | 'scan'
  | 'copy-databases'
  | 'pack'
  | 'check-databases'
  | 'publish'
  | 'verify'
  | 'plan'
  | 'safety-backup'
  | 'stage'
  | 'swap'
  | 'clean-up';

export interface Progress {
  phase: Phase;
  files: number;
  bytes: number;
  /** What is expected in the end; absent while nobody knows. */
  totalFiles?: number;
  totalBytes?: number;
}

interface RunEventMap {
  phase: [Phase];
  progress: [Progress];
  finding: [Finding];
}

/** What operations tell to whoever listens. A listener that throws cannot fail a run. */
export class RunEvents {
  private readonly emitter = new EventEmitter();

  on<K extends keyof RunEventMap>(name: K, listener: (...args: RunEventMap[K]) => void): this {
    this.emitter.on(name, (...args: unknown[]) => {
      try {
        listener(...(args as RunEventMap[K]));
      } catch {
        // Watching a run must never break it (architecture, rule 3).
      }
    });
    return this;
  }

  emit<K extends keyof RunEventMap>(name: K, ...args: RunEventMap[K]): void {
    this.emitter.emit(name, ...args);
  }
}
