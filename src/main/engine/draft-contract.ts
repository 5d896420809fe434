/**
 * Drafts the contract a script seems to need: what its imports ask for, narrowed to the addresses and paths its text
 * names. A draft grants nothing: it is for a person to read, narrow and install. Every guess is among `assumptions`.
 */
import os from 'node:os'
import path from 'node:path'
import type { ContractInput } from '../../domain/contract.ts'
import { fail } from '../../domain/failure.ts'
import { contractIssues, parseContract } from '../../domain/policy.ts'
import type { Effect } from '../../domain/tool.ts'
import { inspectScript } from '../../sandbox/inspect.ts'
import type { ScriptInspection } from '../../sandbox/inspect.ts'
import { guestName, verbOf } from '../tools/guest-module.ts'
import type { ToolRegistry } from '../tools/registry.ts'
import { toolsOf } from './check-script.ts'
import { factsOfScript } from './script-facts.ts'
import type { ScriptFacts } from './script-facts.ts'

export interface DraftContract {
  contract: ContractInput
  /** What was guessed, and should be looked at before it is installed. */
  assumptions: string[]
}

type Change = NonNullable<ContractInput['changes']>[number]

/** How the names of tools begin that ask hosts, and that work with folders. */
const ASK_HOSTS = ['http.', 'calendar.fetch']
const USE_FOLDERS = ['files.', 'archive.', 'calendar.read']

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'] as const

export function draftContract(tools: ToolRegistry, source: string, name = 'draft'): DraftContract {
  const script = inspectScript(source)
  if (script.failure !== null) fail(script.failure)
  tools.modulesOf(script.imports)
  const facts = factsOfScript(source)
  const draft = new Draft(tools, facts)
  const contract: ContractInput = {
    schema: 1,
    title: titleOf(name),
    promise: draft.assume(
      `Does what ${name} is written to do.`,
      'The promise is a placeholder: say what is to be kept done.',
    ),
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    when: draft.assume([{ kind: 'manual' }], 'It runs only when you start it: add a schedule to “when”.'),
    uses: [...new Set(script.imports)],
    reads: { hosts: draft.hosts(), paths: draft.paths(), accounts: draft.accounts() },
    changes: draft.changes(),
    notifies: script.imports.includes('tools/notify'),
    items: draft.items(script),
    done: script.exports.verify ? [{ kind: 'script-verifies' }] : [],
    budget: { actionsPerRun: 100, actionsPerHour: 500, actionsPerDay: 2_000, callsPerRun: 10_000 },
  }
  if (!script.exports.verify) draft.note('Nothing says when it is done: add a check to “done”.')
  const answer = parseContract(contract)
  if (!answer.ok) fail(answer.failure)
  return { contract, assumptions: [...draft.assumptions, ...contractIssues(answer.contract)] }
}

class Draft {
  readonly assumptions: string[] = []
  readonly #tools: ToolRegistry
  readonly #facts: ScriptFacts
  readonly #used: { name: string; effect: Effect | 'by-call' }[]

  constructor(tools: ToolRegistry, facts: ScriptFacts) {
    this.#tools = tools
    this.#facts = facts
    this.#used = this.#toolsUsed()
  }

  note(text: string): void {
    this.assumptions.push(text)
  }

  assume<T>(value: T, text: string): T {
    this.note(text)
    return value
  }

  hosts(): string[] {
    if (!this.#uses(ASK_HOSTS)) return []
    const hosts = hostsIn(this.#facts.texts)
    if (hosts.length === 0)
      this.note('The script names no address: add the hosts it may ask to “reads.hosts”.')
    return hosts
  }

  paths(): string[] {
    if (!this.#uses(USE_FOLDERS)) return []
    const found = foldersIn(this.#facts.texts)
    if (found.length > 0) return found
    const guess = path.join(os.homedir(), 'Documents')
    return this.assume([guess], `The script names no folder: ${guess} was put in its place.`)
  }

  /** Connections it names, and the one that searching asks for. */
  accounts(): string[] {
    const named = new Set(this.#facts.connections)
    if (this.#used.some(tool => tool.name === 'web.search')) named.add('search')
    return [...named].sort()
  }

  changes(): Change[] {
    const writes = this.#used.filter(tool => tool.effect === 'write' || this.#mayWrite(tool))
    if (writes.length > 0) this.note('Every change asks you first: relax “approval” where you trust it.')
    return writes.map(tool => this.#change(tool.name))
  }

  items(script: ScriptInspection): Record<string, string> {
    const named = script.eachNames.flatMap((name, place) =>
      name === null ? [] : [[name, `Known by: ${script.eachKeys[place] ?? 'its key'}`] as const],
    )
    if (script.eachNames.includes(null))
      this.note('An “each” takes its name from a variable: write it as a text, and add it to “items”.')
    return Object.fromEntries(named)
  }

  #change(tool: string): Change {
    if (tool.startsWith('http.')) {
      const accounts =
        this.#facts.connections.length === 0 ? {} : { accounts: [...new Set(this.#facts.connections)] }
      const hosts = hostsIn(this.#facts.texts)
      return { tool, hosts, methods: this.#methods(tool), ...accounts, approval: 'always' }
    }
    if (USE_FOLDERS.some(start => tool.startsWith(start))) {
      const found = foldersIn(this.#facts.texts)
      return {
        tool,
        paths: found.length > 0 ? found : [path.join(os.homedir(), 'Documents')],
        approval: 'always',
      }
    }
    return { tool, approval: 'always' }
  }

  #methods(tool: string): (typeof METHODS)[number][] {
    if (tool === 'http.post') return ['POST']
    return METHODS.filter(method => this.#facts.texts.includes(method))
  }

  /** `http.request` writes or reads by its method; without a written one it only reads. */
  #mayWrite(tool: { name: string; effect: string }): boolean {
    return tool.effect === 'by-call' && this.#methods(tool.name).length > 0
  }

  #uses(starts: readonly string[]): boolean {
    return this.#used.some(tool => starts.some(start => tool.name.startsWith(start)))
  }

  #toolsUsed(): { name: string; effect: Effect | 'by-call' }[] {
    const names = new Set(
      this.#facts.imported.flatMap(({ module, name }) => {
        const members = name === '*' ? this.#facts.members.get(module) : new Set([name])
        return toolsOf(this.#tools, module).filter(tool =>
          guestName(verbOf(tool)).exported.some(exported => members?.has(exported) === true),
        )
      }),
    )
    return [...names].flatMap(name => {
      const effect = this.#tools.get(name)?.effect
      return effect === undefined ? [] : { name, effect: typeof effect === 'function' ? 'by-call' : effect }
    })
  }
}

function hostsIn(texts: readonly string[]): string[] {
  const hosts = texts.flatMap(text =>
    [...text.matchAll(/https?:\/\/[^\s'"`<>]+/gi)].flatMap(([address]) => {
      const host = URL.parse(address)?.host ?? ''
      return /^(\[[0-9a-f:]+\]|([a-z0-9-]+\.)*[a-z0-9-]+)(:\d{1,5})?$/.test(host) ? host : []
    }),
  )
  return [...new Set(hosts)].sort()
}

/** Absolute paths, as the folder they are or stand in; `~` is the home folder. */
function foldersIn(texts: readonly string[]): string[] {
  const folders = texts.flatMap(text => {
    if (!/^(~?\/|[A-Za-z]:[\\/])[^\n]*$/.test(text) || text.length < 2) return []
    const full = text.startsWith('~') ? path.join(os.homedir(), text.slice(1)) : path.normalize(text)
    const folder = path.extname(full) === '' ? full : path.dirname(full)
    return path.dirname(folder) === folder ? [] : folder.replace(/[\\/]+$/, '')
  })
  return [...new Set(folders)].sort()
}

function titleOf(name: string): string {
  const words = name.replaceAll(/[-_.]+/g, ' ').trim()
  return words === '' ? 'Draft' : `${words.charAt(0).toUpperCase()}${words.slice(1)}`.slice(0, 120)
}
