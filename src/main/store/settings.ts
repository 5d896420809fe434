/** Settings of this data folder: small texts by key. */
import { query, statement } from './statement.ts'
import type { Reader, Tx } from './tx.ts'

export type SettingKey = 'epoch' | 'database-identity' | 'stopped' | 'copied-at' | 'last-seen'

const get = statement((p: { key: string }) =>
  query.selectFrom('settings').select('value').where('key', '=', p.key),
)
const put = statement((p: { key: string; value: string }) =>
  query
    .insertInto('settings')
    .values({ key: p.key, value: p.value })
    .onConflict(conflict => conflict.column('key').doUpdateSet({ value: p.value })),
)

export function setting(reader: Reader, key: SettingKey): string | undefined {
  return reader.get(get, { key })?.value
}

/** Everything was stopped, and nothing was said since: what is new does not start either (R7). */
export function isStopped(reader: Reader): boolean {
  return setting(reader, 'stopped') === 'yes'
}

export function putSetting(tx: Tx, key: SettingKey, value: string): void {
  tx.run(put, { key, value })
}
