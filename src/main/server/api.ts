/**
 * The local API as types, for clients: its operations by path and method, what they take and what arrives of their
 * answers. All of it follows from how the server declares them; nothing here is described a second time.
 */
import type { ExtractSchema } from 'hono/types'
import type { App } from './app.ts'

export type { News } from './feed.ts'
export type { Problem } from './problem.ts'

type Schema = ExtractSchema<App>
export type Verb = 'get' | 'post' | 'patch' | 'delete'
type At<P> = P extends `/api/v1${infer Rest}` ? Rest : never

/** The operations of a verb that answer with JSON, by path. */
type Operations<V extends Verb> = {
  [
    P in keyof Schema as Schema[P] extends Record<`$${V}`, { outputFormat: 'json' }> ? At<P> : never
  ]: Schema[P] extends Record<`$${V}`, infer O> ? O : never
}

export type PathOf<V extends Verb> = keyof Operations<V> & string
export type AnswerOf<V extends Verb, P extends PathOf<V>> =
  Operations<V>[P] extends Record<'output', infer O> ? O : never

type InputOf<O> = O extends Record<'input', infer I> ? Relaxed<I> : never
/** A part none of whose fields is needed need not be given. */
type Relaxed<I> = { [K in keyof I as Partial<I[K]> extends I[K] ? never : K]: I[K] } & {
  [K in keyof I as Partial<I[K]> extends I[K] ? K : never]?: I[K]
}
/** An input all of whose parts may be left out may be left out. */
type Given<I> = Partial<I> extends I ? [input?: I] : [input: I]
export type Ask<V extends Verb, P extends PathOf<V>> = Given<InputOf<Operations<V>[P]>>

type Listing = Record<'items', readonly unknown[]> & Record<'next', string | null>
/** The paths of lists that are paged. */
export type ListPath = {
  [P in PathOf<'get'>]: AnswerOf<'get', P> extends Listing ? P : never
}[PathOf<'get'>]
export type ItemOf<P extends PathOf<'get'>> =
  AnswerOf<'get', P> extends Record<'items', readonly (infer T)[]> ? T : never

/** The paths of what answers with a file. */
export type FilePath = Extract<At<keyof Schema>, `/export/${string}`>
export type AskFile<P extends FilePath> = Given<InputOf<Schema[`/api/v1${P}`]['$get']>>

export type ActionView = AnswerOf<'get', '/actions/:id'>
export type AutomationSummary = ItemOf<'/automations'>
export type AutomationView = AnswerOf<'get', '/automations/:id'>
export type ClauseChange = AnswerOf<'get', '/automations/:id/versions/:version/changes'>['changes'][number]
export type ConnectionView = ItemOf<'/connections'>
export type HookAddress = ItemOf<'/automations/:id/webhooks'>
export type LogLine = ItemOf<'/logs'>
export type NoteHead = ItemOf<'/notes'>
export type NoteView = AnswerOf<'get', '/notes/:id'>
export type ProviderInfo = ItemOf<'/connections/providers'>
export type QuietNow = AnswerOf<'get', '/quiet'>
export type RehearsalReport = AnswerOf<'get', '/rehearsals/:id'>
export type RehearsedStep = RehearsalReport['steps'][number]
export type RunView = AnswerOf<'get', '/runs/:id'>
export type RunOutcome = NonNullable<AnswerOf<'get', '/events/:id'>['run']>
export type ConversationView = AnswerOf<'get', '/chats/:id/conversation'>
export type StepView = ItemOf<'/runs/:id/steps'>
export type UndoView = AnswerOf<'get', '/undos/:id'>
export type UndoStepView = ItemOf<'/undos/:id/steps'>
export type UndoableView = ItemOf<'/runs/:id/undo'>
export type VaultView = AnswerOf<'get', '/vault'>
export type WaitView = RunView['waits'][number]
export type WatchView = AutomationView['watches'][number]
export type CostsSummary = AnswerOf<'get', '/costs/summary'>
