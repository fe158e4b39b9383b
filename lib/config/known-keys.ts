import * as z from 'zod';
import type { KeyPath } from './settings-text.ts';

/** The keys that the object at a path of a schema may hold. */
export function knownKeys(schema: z.ZodType, path: KeyPath): string[] {
  let alternatives = objectsOf(schema);
  for (const part of path) {
    alternatives = alternatives.flatMap((one) => {
      const child = childOf(one, String(part));
      return child === undefined ? [] : objectsOf(child);
    });
  }
  return [...new Set(alternatives.flatMap((one) => (one instanceof z.ZodObject ? Object.keys(one.shape) : [])))];
}

/** The full name of a key that exists, but in another object (`storage.compression` for `compression`). */
export function ownerOfKey(schema: z.ZodType, key: string): string | undefined {
  const search = (at: z.ZodType, prefix: string, depth: number): string | undefined => {
    for (const object of objectsOf(at)) {
      if (!(object instanceof z.ZodObject)) continue;
      const shape = object.shape as Record<string, z.ZodType>;
      if (prefix !== '' && Object.hasOwn(shape, key)) return `${prefix}${key}`;
      for (const [name, child] of Object.entries(shape)) {
        const found = depth === 0 ? undefined : search(child, `${prefix}${name}.`, depth - 1);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
  return search(schema, '', 1);
}

type ObjectLike = z.ZodObject | z.ZodRecord;

/** The objects among a schema's alternatives. */
function objectsOf(schema: unknown): ObjectLike[] {
  if (schema instanceof z.ZodOptional) return objectsOf(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(objectsOf);
  return schema instanceof z.ZodObject || schema instanceof z.ZodRecord ? [schema] : [];
}

function childOf(schema: ObjectLike, key: string): z.ZodType | undefined {
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType;
  const shape = schema.shape as Record<string, z.ZodType>;
  if (Object.hasOwn(shape, key)) return shape[key];
  return schema.def.catchall as z.ZodType | undefined;
}
