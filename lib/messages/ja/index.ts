import type { Messages } from '../messages.ts';
import { audit } from './audit.ts';
import { cleanup } from './cleanup.ts';
import { common } from './common.ts';
import { config } from './config.ts';
import { consolidate } from './consolidate.ts';
import { create } from './create.ts';
import { diff } from './diff.ts';
import { doctor } from './doctor.ts';
import { init } from './init.ts';
import { keys } from './keys.ts';
import { list } from './list.ts';
import { recoveryKit } from './recovery-kit.ts';
import { restore } from './restore.ts';
import { schedule } from './schedule.ts';
import { show } from './show.ts';
import { verify } from './verify.ts';

/** The Japanese catalogue. Its type is the English one's, so that a missing sentence does not compile. */
export const ja: Messages = {
  audit,
  cleanup,
  common,
  config,
  consolidate,
  create,
  diff,
  doctor,
  init,
  keys,
  list,
  recoveryKit,
  restore,
  schedule,
  show,
  verify,
};
