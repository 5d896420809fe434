/** docs/reference-tools.md: every tool as scripts see it, generated so that it is never out of date. */
import type { ToolDeclaration } from '../../domain/tool.ts'
import { effectText, idempotencyText, riskText, shapeOf, typesOf } from './declaration-text.ts'
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
    'How tools work, and how to declare one, is in [06-tools.md](06-tools.md).',
    ...modules.flatMap(moduleSection),
    '',
  ].join('\n')
}

function moduleSection({ module, tools, declaration }: ReferenceModule): string[] {
  const shared = [typesOf(tools).join('\n'), declaration].filter(part => part !== '').join('\n\n')
  const extra = shared === '' ? [] : ['', '```ts', shared, '```']
  return ['', `## ${module}`, ...extra, ...tools.flatMap(toolSection)]
}

function toolSection(tool: ToolDeclaration): string[] {
  const { local, exported } = guestName(verbOf(tool.name))
  const also = exported.slice(1).map(name => `\`${name}\``)
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
    ...shapeOf(tool).signatures.map(signature => `${local}${signature}`),
    '```',
  ]
}
