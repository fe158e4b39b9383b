import { octal } from '../config/default-settings.ts';
import { health, type HealthCheck, type HealthStatus } from '../monitor/health-check.ts';
import { repairPermissions, withoutEffect, type PermissionRepair } from '../store/repair-permissions.ts';
import { findPermissionFaults, type PermissionFault, type PermissionFinding } from '../store/store-permissions.ts';
import { openStore } from '../store/store.ts';
import { walkStore, type StoreWalk } from '../store/walk-store.ts';
import { storeCautions, trustedOwners } from './guarded-store.ts';
import type { RunContext } from './run-context.ts';

/**
 * Who can look into the store, and write to it.
 * @param repairs sets the modes that are wrong first; then what is left is told.
 */
export function checkPermissions(context: Pick<RunContext, 'settings'>, repairs: boolean): HealthCheck[] {
  const { settings } = context;
  const owners = trustedOwners(settings.root);
  if (owners === undefined) return [health('permissions', 'ok', 'modes-unknown', {})];
  const store = openStore(settings.storage);
  const look = (): { walk: StoreWalk; faults: PermissionFinding[] } | undefined => {
    const walk = walkStore(store);
    return walk === undefined ? undefined : { walk, faults: findPermissionFaults(walk.items, store.modes, owners) };
  };
  let found = look();
  if (found === undefined) return [];
  const repaired = repairs ? repairPermissions(found.faults) : [];
  // With folders opened to their owner, there may be more to see.
  if (repairs) found = look() ?? found;
  const { walk, faults } = found;
  const isAllowed = settings.storage.allowOthersToWrite;
  const checks: HealthCheck[] = [
    ...repairChecks(repaired),
    ...faultChecks(faults, isAllowed),
    ...closedCheck(walk),
    ...storeCautions(settings)
      .filter((one) => one.code === 'store-swappable')
      .map(({ params: { path = '', found: mode = '' } }) =>
        health('permissions', 'warning', 'store-swappable', { path, found: mode }),
      ),
  ];
  if (checks.length > 0) return checks;
  return [health('permissions', 'ok', 'modes-right', { count: walk.items.length })];
}

function repairChecks(repairs: readonly PermissionRepair[]): HealthCheck[] {
  const failed = repairs.filter((one) => one.failed !== undefined);
  const useless = failed.filter((one) => one.failed === withoutEffect);
  const refused = failed.filter((one) => one.failed !== withoutEffect);
  const done = repairs.length - failed.length;
  const pathOf = (one: PermissionRepair | undefined): string => one?.finding.item.path ?? '';
  return [
    ...(done > 0 ? [health('permissions', 'ok', 'modes-repaired', { count: done })] : []),
    ...(useless.length > 0
      ? [health('permissions', 'warning', 'repair-without-effect', { path: pathOf(useless[0]), count: useless.length })]
      : []),
    ...(refused.length > 0
      ? [
          health('permissions', 'problem', 'repair-failed', {
            path: pathOf(refused[0]),
            reason: refused[0]?.failed ?? '',
            count: refused.length,
          }),
        ]
      : []),
  ];
}

/** One line a kind of fault, with the first path and how many there are. */
function faultChecks(faults: readonly PermissionFinding[], isAllowed: boolean): HealthCheck[] {
  const checks: HealthCheck[] = [];
  const add = (
    fault: PermissionFault,
    make: (path: string, found: string, count: number, uid: number) => HealthCheck,
  ) => {
    const these = faults.filter((one) => one.fault === fault);
    const first = these[0]?.item;
    if (first !== undefined) checks.push(make(first.path, octal(first.mode), these.length, first.uid));
  };
  // Who allows others to write knows of it.
  const grave: HealthStatus = isAllowed ? 'warning' : 'problem';
  add('writable', (path, found, count) => health('permissions', grave, 'others-may-write', { path, found, count }));
  add('foreign', (path, _, count, owner) => health('permissions', grave, 'owned-by-others', { path, owner, count }));
  add('readable', (path, found, count) => health('permissions', 'warning', 'others-may-read', { path, found, count }));
  add('closed', (path, found, count) => health('permissions', 'problem', 'owner-shut-out', { path, found, count }));
  add('linked', (path, found, count) => health('permissions', 'warning', 'linked-elsewhere', { path, found, count }));
  return checks;
}

function closedCheck({ closed }: StoreWalk): HealthCheck[] {
  const [first] = closed;
  return first === undefined
    ? []
    : [health('permissions', 'warning', 'folder-closed', { ...first, count: closed.length })];
}
