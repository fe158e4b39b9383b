import type { AnyVerb } from './verb.ts';

/**
 * Every command, in the order of the help. A verb's file is loaded when it is used: `list` must not wait for `restore`.
 */
export const verbs: Record<string, () => Promise<AnyVerb>> = {
  create: async () => (await import('./create.ts')).createVerb,
  list: async () => (await import('./list.ts')).listVerb,
  show: async () => (await import('./show.ts')).showVerb,
  verify: async () => (await import('./verify.ts')).verifyVerb,
  restore: async () => (await import('./restore.ts')).restoreVerb,
  diff: async () => (await import('./diff.ts')).diffVerb,
  consolidate: async () => (await import('./consolidate.ts')).consolidateVerb,
  cleanup: async () => (await import('./cleanup.ts')).cleanupVerb,
  keys: async () => (await import('./keys.ts')).keysVerb,
  audit: async () => (await import('./audit.ts')).auditVerb,
  schedule: async () => (await import('./schedule.ts')).scheduleVerb,
  config: async () => (await import('./config.ts')).configVerb,
  init: async () => (await import('./init.ts')).initVerb,
  doctor: async () => (await import('./doctor.ts')).doctorVerb,
};
