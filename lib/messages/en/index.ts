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

/** Every English sentence that a person reads, one file an area. Errors and findings say theirs in `core`. */
export const en = {
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
