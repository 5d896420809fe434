/** Tools of the planner that look: at tools, examples, the outside, and what was done. */
import { z } from 'zod'
import { promptBlock } from '../../../domain/prompt-block.ts'
import type { Json } from '../../../domain/json.ts'
import type { Looks } from '../draft.ts'
import type { Explored } from '../ports.ts'
import { answer, cut, define, fullPath, privy, questionBefore } from './kit.ts'

const MOST_DECLARATIONS = 6

export const searchTools = define({
  name: 'search_tools',
  description: 'Find modules and tools for scripts by what they should do.',
  input: z.strictObject({ words: z.string().max(400) }),
  doing: 'Looking for tools',
  run: ({ words }, { ports, draft }) => {
    const found = ports.tools.search(words).slice(0, 20)
    const lines = found.map(({ module, tool, title }) => `${module}: ${tool} – ${title}`)
    return answer(lines.length === 0 ? ports.tools.overview() : lines.join('\n'), draft)
  },
})

export const readTools = define({
  name: 'read_tools',
  description:
    'Read the exact declarations of modules, such as tools/files. Scripts are checked against them.',
  input: z.strictObject({ modules: z.array(z.string()).min(1).max(MOST_DECLARATIONS) }),
  doing: 'Reading how tools are used',
  run: ({ modules }, { ports, draft }) =>
    answer(
      modules.map(module => ports.tools.declaration(module) ?? `There is no module ${module}.`).join('\n\n'),
      draft,
    ),
})

export const searchExamples = define({
  name: 'search_examples',
  description: 'Find ready-made automations that are like what is wanted; they are good to start from.',
  input: z.strictObject({ words: z.string().max(400) }),
  doing: 'Looking at ready-made automations',
  run: ({ words }, { ports, draft }) => {
    const found = ports.examples.search(words).map(({ id, title, promise }) => `${id}: ${title}. ${promise}`)
    return answer(found.length === 0 ? 'None is like it.' : found.join('\n'), draft)
  },
})

export const readExample = define({
  name: 'read_example',
  description: 'Read contract and script of a ready-made automation by its id.',
  input: z.strictObject({ id: z.string().max(100) }),
  doing: 'Reading a ready-made automation',
  run: ({ id }, { ports, draft }) => {
    const found = ports.examples.read(id)
    if (found === null) return answer(`There is no ready-made automation ${id}.`, draft)
    return answer(`Contract:\n${found.contract}\n\nScript:\n${found.script}`, draft)
  },
})

const exploreInput = z.strictObject({
  script: z.string().max(40_000),
  hosts: z.array(z.string()).max(10).default([]),
  paths: z.array(z.string()).max(10).default([]),
  accounts: z.array(z.string()).max(10).default([]),
})

export const explore = define({
  name: 'explore',
  description:
    'Run a script that looks around: `export default async function run() { … return … }` with imports from tools. It reads for real, only at the hosts, folders and accounts that you name here; changes are simulated. Return little. A place that the person has not named themselves is asked for first.',
  input: exploreInput,
  doing: 'Looking around',
  run: async ({ script, hosts, paths, accounts }, desk) => {
    const { ports, draft, signal } = desk
    const wanted: Looks = { hosts, paths: paths.map(path => fullPath(path, ports)), accounts }
    const question = questionBefore(wanted, desk)
    if (question !== null) return question
    const uses = [
      ...new Set([...script.matchAll(/from\s+['"](tools\/[\w.]+)['"]/g)].map(([, name]) => name ?? '')),
    ]
    const contract = ports.contract({
      schema: 1,
      title: 'A look around',
      promise: 'Looks around, and changes nothing.',
      zone: ports.zone(),
      when: [],
      uses,
      reads: { hosts: wanted.hosts, paths: wanted.paths, accounts },
      notifies: false,
      budget: { callsPerRun: 60 },
      limits: { wallMs: 45_000, cpuMs: 5_000, bytesPerCall: 4_194_304 },
    })
    if (!contract.ok) return answer(`It was not run: ${contract.problems.join(' ')}`, draft)
    const seen = await ports.explore(script, JSON.parse(JSON.stringify(contract.contract)) as Json, signal)
    return answer(exploredText(seen, wanted), privy(draft, wanted))
  },
})

function exploredText(seen: Explored, { hosts, paths }: Looks): string {
  const from = [...hosts, ...paths].join(', ') || 'tools'
  const parts = [
    seen.failure === null
      ? `It returned:\n${promptBlock(from, cut(JSON.stringify(seen.result, null, 1)))}`
      : `It failed:\n${promptBlock(from, cut(seen.failure, 2_000))}`,
    ...(seen.refused.length === 0
      ? []
      : [`Refused:\n${promptBlock(from, cut(seen.refused.slice(0, 10).join('\n'), 2_000))}`]),
    ...(seen.steps.length === 0
      ? []
      : [`Steps:\n${promptBlock(from, cut(seen.steps.slice(0, 30).join('\n'), 4_000))}`]),
  ]
  return parts.join('\n')
}

export const lookBack = define({
  name: 'look_back',
  description: 'Of the automation that is talked about: how it stands, its versions, and its last runs.',
  input: z.strictObject({
    state: z.enum(['succeeded', 'failed', 'cancelled', 'declined', 'running', 'waiting']).optional(),
    limit: z.int().min(1).max(20).default(5),
  }),
  doing: 'Looking at what was done',
  run: ({ state, limit }, { ports, draft }) => {
    if (ports.past === null) return answer('Nothing was added in this conversation yet.', draft)
    const seen = {
      overview: ports.past.overview(),
      runs: ports.past.runs({ limit, ...(state === undefined ? {} : { state }) }),
    }
    return answer(promptBlock('records', cut(JSON.stringify(seen, null, 1))), draft)
  },
})

export const lookAtRun = define({
  name: 'look_at_run',
  description: 'One run: what it read, what it did, what it waited for, and why it ended as it did.',
  input: z.strictObject({ id: z.string().max(100) }),
  doing: 'Looking at a run',
  run: ({ id }, { ports, draft }) => {
    const seen = ports.past?.run(id) ?? null
    if (seen === null) return answer(`There is no run ${id} of this automation.`, draft)
    return answer(promptBlock(`run ${id}`, cut(JSON.stringify(seen, null, 1))), draft)
  },
})
