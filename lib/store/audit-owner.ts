import { fchownSync, statSync } from 'node:fs';
import type { Store } from './store.ts';

/** What root makes in somebody's store is theirs: they go on writing to it. */
export function ownLikeStore(fd: number, store: Store): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(store.path);
  fchownSync(fd, uid, gid);
}
