/** docs/reference-tools.md: every tool as scripts see it, generated so that it is never out of date. */
import type { ToolDeclaration } from '../../domain/tool.ts'
import { effectText, idempotencyText, riskText, shapeOf } from './declaration-text.ts'
import { guestName, verbOf } from './guest-module.ts'

export interface ReferenceModule {
  module: string
  tools: readonly ToolDeclaration[]
  /** The `.d.ts` text of what the module offers beyond its tools. */
  declaration: string
}

export function referencePage(modules: readonly ReferenceModule[]): string {
  return [
    '# Tool reference',
    '',
    'Generated from the declarations in `src/main/tools`; `UPDATE=1 npx vitest run src/main/tools/reference` writes it anew.',
    'How tools work, and how to declare one, is in [06-tools-api.md](06-tools-api.md).',
    ...modules.flatMap(moduleSection),
    '',
  ].join('\n')
}

function moduleSection({ module, tools, declaration }: ReferenceModule): string[] {
  const shown = new Set<string>()
  const extra = declaration === '' ? [] : ['', '```ts', declaration, '```']
  return ['', `## ${module}`, ...extra, ...tools.flatMap(tool => toolSection(tool, shown))]
}

/** A type that several tools of a family name is shown with the first of them. */
function toolSection(tool: ToolDeclaration, shown: Set<string>): string[] {
  const { local, exported } = guestName(verbOf(tool.name))
  const { types, signatures } = shapeOf(tool)
  const also = exported.slice(1).map(name => `\`${name}\``)
  const fresh = types.filter(type => !shown.has(type))
  for (const type of fresh) shown.add(type)
  return [
    '',
    `### ${tool.name}`,
    '',
    `${tool.title}. ${tool.doc}`,
    '',
    `Effect **${effectText(tool)}** · risk **${riskText(tool)}** · repeatable **${idempotencyText(tool)}** · version ${tool.version}`,
    ...(also.length > 0 ? ['', `Also exported as ${also.join(' and ')}.`] : []),
    '',
    '```ts',
    ...fresh,
    ...signatures.map(signature => `function ${local}${signature}`),
    '```',
  ]
}
