/**
 * Scope keys: '' is the run itself, 'verify' its check, anything else the path of an item, as the JSON text of
 * `[name, key, name, key, …]`. The guest's prelude builds the same texts.
 */
export const RUN_SCOPE = ''
export const VERIFY_SCOPE = 'verify'

export function itemScope(parent: string, name: string, key: string): string {
  const own = `${JSON.stringify(name)},${JSON.stringify(key)}]`
  return parent.startsWith('[') ? `${parent.slice(0, -1)},${own}` : `[${own}`
}

/** Whether `scope` is `outer` itself or an item somewhere below it. */
export function isWithin(scope: string, outer: string): boolean {
  if (scope === outer || outer === RUN_SCOPE) return true
  return outer.startsWith('[') && scope.startsWith(`${outer.slice(0, -1)},`)
}
