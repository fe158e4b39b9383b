/**
 * The process of `resident-tool.ts`: for each message `{ args, cwd, env, umask }` it does what `bin/ai-backup.mjs` does, in that
 * folder and with exactly those variables and that umask, and answers `{ code }`. It ends with its parent.
 */
import { start } from '../../dist/command/start.js';

process.on('disconnect', () => process.exit());
process.on('message', ({ args, cwd, env, umask }) => {
  process.chdir(cwd);
  process.umask(umask);
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  void start(args).then(() => {
    const code = process.exitCode ?? 0;
    process.exitCode = undefined;
    // Each command listens for itself.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal);
    process.send({ code });
  });
});
