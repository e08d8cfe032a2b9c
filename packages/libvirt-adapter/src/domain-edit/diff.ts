// SPDX-License-Identifier: LGPL-2.1-or-later
import { createTwoFilesPatch } from 'diff';

/**
 * What libvirt prints only with VIR_DOMAIN_XML_SECURE, passwords of graphics and cookies of network disks, is replaced.
 * Too much rather than too little: the same words in any other place go too.
 */
export function redactSecrets(xml: string): string {
  return xml
    .replace(/([\s:](?:passwd|password)\s*=\s*)(?:"[^"]*"|'[^']*')/gi, (_whole, before: string) => `${before}'***'`)
    .replace(/(<cookie\b[^<>]*>)[^<]*(?=<)/gi, '$1***');
}

/** Unified diff of two documents without their secrets; empty when they are equal. */
export function formatDomainDiff(domainName: string, before: string, after: string): string {
  if (before === after) return '';
  const name = domainName.replace(/[^\w.-]/g, '_');
  const patch = createTwoFilesPatch(
    `${name}.xml`,
    `${name}.xml`,
    redactSecrets(before),
    redactSecrets(after),
    'stored',
    'edited',
    {
      context: 3,
    },
  );
  return patch.slice(patch.indexOf('--- '));
}
