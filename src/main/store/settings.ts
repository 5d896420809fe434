/** Settings of this data folder: small texts by key, and what a person set, as one of them. */
import { z } from 'zod'
import { quietHoursSchema } from '../../domain/quiet-hours.ts'
import { LOG_LEVELS } from '../../domain/log.ts'
import { roleModelsSchema } from '../../domain/model-roles.ts'
import { spendingSchema } from '../../domain/spending.ts'
import { query, statement } from './statement.ts'
import type { Reader, Tx } from './tx.ts'

export type SettingKey =
  'epoch' | 'database-identity' | 'stopped' | 'last-seen' | 'last-backup' | 'preferences'

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

/** The address of an OTLP collector that takes traces over HTTP. */
export const collectorSchema = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .refine(text => !text.includes('@'), { error: 'holds no name or password' })

const preferencesSchema = z.object({
  /** How long ended runs and what tells of them are kept at least, days. */
  keepRunsDays: z.int().min(1).max(3_650).default(30),
  quietHours: quietHoursSchema.nullable().default(null),
  /** What the log holds: this level and those above it. */
  logLevel: z.enum(LOG_LEVELS).default('info'),
  /** Where traces are sent; null: where the environment says, or nowhere. */
  tracesTo: collectorSchema.nullable().default(null),
  /** Whether the hosts that automations ask are told which trace a request is of. */
  tellHosts: z.boolean().default(false),
  /** Which model serves a role; null: the connection's own, or the usual one of its provider. */
  models: roleModelsSchema,
  /** What models may cost, micro-dollars. */
  spending: spendingSchema,
})
export type Preferences = z.output<typeof preferencesSchema>

export function preferencesOf(reader: Reader): Preferences {
  return preferencesSchema.parse(JSON.parse(setting(reader, 'preferences') ?? '{}'))
}

/** Of models and spending, member by member. */
type PreferencesEdit = { [K in keyof Preferences]?: EditOf<Preferences, K> | undefined }
type EditOf<P extends Preferences, K extends keyof P> = K extends 'models' | 'spending'
  ? { [M in keyof P[K]]?: P[K][M] | undefined }
  : P[K]

/** As they are, but for what is said otherwise. */
export function preferencesWith(
  preferences: Preferences,
  { models, spending, ...otherwise }: PreferencesEdit,
): Preferences {
  return preferencesSchema.parse({
    ...preferences,
    ...otherwise,
    models: { ...preferences.models, ...models },
    spending: { ...preferences.spending, ...spending },
  })
}

export function putPreferences(tx: Tx, preferences: Preferences): void {
  putSetting(tx, 'preferences', JSON.stringify(preferencesSchema.parse(preferences)))
}
