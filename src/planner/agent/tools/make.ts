/** Tools of the planner that make: the contract, the script, what is checked and played, and what is shown at the end. */
import { z } from 'zod'
import { parseContract } from '../../../domain/contract-check.ts'
import type { Contract } from '../../../domain/contract.ts'
import type { JsonObject } from '../../../domain/json.ts'
import { promptBlock } from '../../../domain/prompt-block.ts'
import { identityOf } from '../draft.ts'
import type { Draft } from '../draft.ts'
import { isLeftOut } from '../fit.ts'
import { hearsayIn } from '../hearsay.ts'
import { wantedBy } from '../looks.ts'
import { careful, completed, placesKey } from '../terms.ts'
import { wordsIn } from '../words.ts'
import { answer, confirmed, connectFirst, cut, define, privy, questionBefore } from './kit.ts'
import type { Came, Desk } from './kit.ts'

export const proposeContract = define({
  name: 'propose_contract',
  description:
    'Set the contract of the plan (its JSON Schema is in your instructions), its short name (lower-case letters, digits, hyphens), and what you assumed, in plain words for the person. Grant as little as does the work: exact hosts, folders, recipients. Again with everything to change it.',
  input: z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
    contract: z.record(z.string(), z.json()),
    assumptions: z.array(z.string().max(300)).max(12).default([]),
  }),
  doing: 'Writing the contract',
  run: ({ name, contract: json, assumptions }, { ports, draft, named }) => {
    const read = ports.contract(completed(json, ports.zone()))
    if (!read.ok) return answer(`The contract cannot stand:\n${read.problems.join('\n')}`, draft)
    const before = ports.past === null ? null : confirmed(ports.past.contract)
    const hearsay = hearsayIn(read.contract, before, named)
    if (hearsay.length > 0) return answer(refusedHearsay(hearsay), draft)
    const { contract, notes } = careful(read.contract, {
      tools: ports.tools,
      askedFirst: draft.askedFirst,
      before,
    })
    const kept = parseContract(contract)
    if (!kept.ok) return answer(`The contract cannot stand:\n${kept.failure.message}`, draft)
    const stored = JSON.parse(JSON.stringify(kept.contract)) as JsonObject
    const title = ports.past === null ? name : ports.past.name
    return answer(
      [`The contract stands.`, ...notes, draft.source === null ? 'Now write the script.' : ''].join('\n'),
      { ...draft, name: title, contract: stored, assumptions, notes },
    )
  },
})

function refusedHearsay(places: readonly string[]): string {
  return `The contract cannot stand: the person has not named ${places.join(', ')}, and since something was read from outside, nothing is sent to a place that they did not name. Leave it out, or ask them to write out where it should go.`
}

export const writeScript = define({
  name: 'write_script',
  description:
    'Set the script of the plan, whole. It is checked at once: syntax, types against the declarations, imports against the contract, and what commonly goes wrong. Fix what is reported and write it again.',
  input: z.strictObject({ source: z.string().min(1).max(100_000) }),
  doing: 'Writing the script',
  run: async ({ source }, desk) => {
    if (isLeftOut(source))
      return answer('That is the note of what was left out, and no script. Call read_plan.', desk.draft)
    return checked({ ...desk, draft: { ...desk.draft, source } })
  },
})

export const readPlan = define({
  name: 'read_plan',
  description: 'Read the contract and the script of the plan, whole, as they are now.',
  input: z.strictObject({}),
  doing: 'Reading the plan',
  run: (_input, { ports, draft }) => {
    const { contract, source } = draft
    if (contract === null && source === null) return answer('There is no contract and no script yet.', draft)
    // What is live may be another's words; what this plan wrote is the model's own.
    const script = source !== null && source === ports.past?.source ? promptBlock('script', source) : source
    return answer(
      `The contract:\n${contract === null ? 'none yet' : JSON.stringify(contract)}\n\nThe script:\n${script ?? 'none yet'}`,
      draft,
    )
  },
})

export const checkScript = define({
  name: 'check_script',
  description: 'Check the script again, after the contract was changed.',
  input: z.strictObject({}),
  doing: 'Checking the script',
  run: (_input, desk) => checked(desk),
})

async function checked({ ports, draft, signal }: Desk): Promise<Came> {
  if (draft.source === null) return answer('There is no script yet.', draft)
  if (draft.contract === null) return answer('Kept. Propose the contract, and it will be checked.', draft)
  const report = await ports.check(draft.source, draft.contract, signal)
  const text = report.problems.join('\n')
  if (!report.ok) return answer(`It cannot stand so:\n${text}`, { ...draft, checked: null })
  return answer(text === '' ? 'It passed all checks.' : `It passed. Consider:\n${text}`, {
    ...draft,
    checked: identityOf(draft),
  })
}

export const dryRun = define({
  name: 'dry_run',
  description:
    'Play the script under the contract on what is there now: reads are real, changes simulated. Says what it read, what it would have done, and whether “done” holds.',
  input: z.strictObject({}),
  doing: 'Playing the script without changing anything',
  run: (_input, desk) => rehearsed(desk),
})

async function rehearsed(desk: Desk): Promise<Came> {
  const { ports, signal } = desk
  const first = desk.draft.checked === identityOf(desk.draft) ? null : await checked(desk)
  const draft = first?.draft ?? desk.draft
  if (first !== null && draft.checked !== identityOf(draft)) return first
  const contract = confirmed(draft.contract)
  if (draft.source === null || contract === null) return answer('There is nothing to play yet.', draft)
  const wanted = wantedBy(contract)
  const absent = wanted.accounts.find(name => !ports.connections().some(known => known.name === name))
  if (absent !== undefined) return connectFirst(absent, draft)
  const question = questionBefore(wanted, { ...desk, draft })
  if (question !== null) return question
  const played = await ports.dryRun(draft.source, draft.contract, signal)
  const from = [...wanted.hosts, ...wanted.paths].join(', ') || 'tools'
  const text = promptBlock(from, cut(JSON.stringify(played, null, 1)))
  const next = { ...privy(draft, wanted), rehearsed: { of: identityOf(draft), dryRun: played } }
  return answer(`The dry run:\n${text}`, next)
}

export const finish = define({
  name: 'finish',
  description:
    'Show contract and dry run to the person, who may confirm. Only what passed the checks and was played is shown; both are done now where that is missing. `despite`: why it is right although the dry run missed something.',
  input: z.strictObject({ despite: z.string().max(300).optional() }),
  doing: 'Preparing what is shown',
  run: async ({ despite }, desk) => {
    if (isPlayed(desk.draft)) return shown(desk.draft, despite)
    const played = await rehearsed(desk)
    return played.is === 'answer' && isPlayed(played.draft) ? shown(played.draft, despite) : played
  },
})

function isPlayed(draft: Draft): boolean {
  return draft.rehearsed?.of === identityOf(draft)
}

function shown(draft: Draft, despite: string | undefined): Came {
  const contract = confirmed(draft.contract)
  const outcome = draft.rehearsed?.dryRun
  const isGood = outcome?.state === 'returned' && (outcome.missed.length === 0 || despite !== undefined)
  if (contract !== null && isGood)
    return card({ ...draft, despite: outcome.missed.length === 0 ? null : (despite ?? null) }, contract)
  const report = promptBlock('dry run', cut(JSON.stringify(outcome, null, 1)))
  return answer(`It was not shown: the dry run did not come to a good end.\n${report}`, draft)
}

function card(draft: Draft, contract: Contract): Came {
  const words = wordsIn(draft.language)
  const asks = contract.changes.filter(({ approval }) => approval === 'always').map(placesKey)
  return {
    is: 'question',
    open: {
      about: 'confirm',
      text: words.confirm(contract.title),
      example: null,
      choices: [
        { value: 'yes', label: words.add },
        { value: 'no', label: words.change },
      ],
      looks: null,
    },
    draft: { ...draft, askedFirst: [...new Set([...draft.askedFirst, ...asks])] },
  }
}
