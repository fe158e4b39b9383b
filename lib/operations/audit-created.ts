import { readMetadata } from '../store/metadata.ts';
import { noteAct, withUnwritten, type AuditAct, type AuditContext } from './audited.ts';
import type { CreateResult } from './create-result.ts';
import { noteKeyUse } from './key-use.ts';

/**
 * Notes a backup that was published just now. Call it while holding the store's lock: the line is written before another run
 * makes or removes anything.
 * @param from the ID of the backup that it was made from.
 * @returns the result, with one warning more where that could not be noted.
 */
export async function noteCreated<T extends CreateResult>(
  context: AuditContext,
  act: Extract<AuditAct, 'create' | 'consolidate'>,
  made: T,
  from?: string,
): Promise<T> {
  if (made.archive?.endsWith('.enc') === true) await noteSealing(context, made);
  const { id, type, mode, base, files, size, storedSize, complete } = made;
  const facts = { type, mode, ...(base === undefined ? {} : { base }), files, size, storedSize };
  const unwritten = await noteAct(context, {
    act,
    outcome: complete ? 'done' : 'incomplete',
    backup: id,
    facts: { ...facts, ...(from === undefined ? {} : { from }) },
  });
  return withUnwritten(made, unwritten);
}

async function noteSealing({ keys }: AuditContext, { id, directory }: CreateResult): Promise<void> {
  const encryption = (await readMetadata(directory))?.archive?.encryption;
  if (encryption === undefined) return;
  const key = encryption.recipients === undefined ? await keys.primary() : undefined;
  noteKeyUse(keys, id, key?.source ?? { name: 'recipients' });
}
