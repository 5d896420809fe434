/** What the planner's tools have in common: how one is declared, what comes of a call, and the questions of the host. */
import type { z } from 'zod'
import { visibleText } from '../../../domain/approval.ts'
import { parseContract } from '../../../domain/contract-check.ts'
import type { Contract } from '../../../domain/contract.ts'
import { NO_LOOKS } from '../draft.ts'
import type { Draft, Looks, Open } from '../draft.ts'
import { hearsayLooks } from '../hearsay.ts'
import type { Named } from '../hearsay.ts'
import { isNothing, missingLooks } from '../looks.ts'
import type { PlanPorts } from '../ports.ts'
import { placesText, wordsIn } from '../words.ts'

/** What came of a call: an answer for the model, or a question for the person, with what the plan has become. */
export type Came =
  | { is: 'answer'; text: string; draft: Draft }
  | { is: 'question'; open: Omit<Open, 'callId' | 'turn'>; draft: Draft }

export interface Desk {
  ports: PlanPorts
  draft: Draft
  /** What may be looked at now, by whatever way it was allowed. */
  allowed: Looks
  named: Named
  signal: AbortSignal
}

export interface PlanTool<I> {
  name: string
  description: string
  input: z.ZodType<I>
  /** What is going on, for the person who waits. */
  doing: string
  run: (input: I, desk: Desk) => Promise<Came> | Came
}

const LONGEST_ANSWER = 24_000

export function define<I>(tool: PlanTool<I>): PlanTool<unknown> {
  return tool as unknown as PlanTool<unknown>
}

export function answer(text: string, draft: Draft): Came {
  return { is: 'answer', text, draft }
}

/** What stands between the planner and a place: what nobody has allowed, then what a host could be told. */
export function questionBefore(wanted: Looks, { draft, allowed, named }: Desk): Came | null {
  const missing = missingLooks(wanted, allowed)
  if (!isNothing(missing)) return mayItLook(missing, draft, named)
  const isPrivy = draft.isPrivy || wanted.paths.length + wanted.accounts.length > 0
  const hosts = isPrivy ? wanted.hosts.filter(host => !draft.told.includes(host)) : []
  if (hosts.length === 0) return null
  const { mayTell } = wordsIn(draft.language)
  return yesOrNo({ about: 'tell', text: mayTell(hosts.join(', ')), looks: { ...NO_LOOKS, hosts } }, draft)
}

/** What was read of folders and accounts is known from now on. */
export function privy(draft: Draft, { paths, accounts }: Looks): Draft {
  return { ...draft, isPrivy: draft.isPrivy || paths.length + accounts.length > 0 }
}

function mayItLook(looks: Looks, draft: Draft, named: Named): Came {
  const words = wordsIn(draft.language)
  const hearsay = hearsayLooks(looks, named).map(place => visibleText(place))
  const warning = hearsay.length === 0 ? '' : ` ${words.hearsay(hearsay.join(', '))}`
  const text = `${words.mayLook(placesText(looks, draft.language))}${warning}`
  return yesOrNo({ about: 'look', text, looks }, draft)
}

function yesOrNo(asked: Pick<Open, 'about' | 'text' | 'looks'>, draft: Draft): Came {
  const { yes, no } = wordsIn(draft.language)
  const choices = [
    { value: 'yes', label: yes },
    { value: 'no', label: no },
  ]
  return { is: 'question', open: { ...asked, example: null, choices }, draft }
}

/** It goes on when the connection is there, and not because somebody says so. */
export function connectFirst(name: string, draft: Draft): Came {
  const words = wordsIn(draft.language)
  return {
    is: 'question',
    open: {
      about: 'connect',
      text: draft.expected === name ? words.stillMissing(name) : words.missing(name),
      example: null,
      choices: [
        { value: 'connected', label: words.connected },
        { value: 'without', label: words.without },
      ],
      looks: { ...NO_LOOKS, accounts: [name] },
    },
    draft,
  }
}

export function confirmed(json: Draft['contract']): Contract | null {
  const read = parseContract(json)
  return read.ok ? read.contract : null
}

export function fullPath(path: string, ports: PlanPorts): string {
  return path.startsWith('~') ? `${ports.home()}${path.slice(1)}` : path
}

export function cut(text: string, longest = LONGEST_ANSWER): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}\n… cut: ${String(text.length)} characters`
}
