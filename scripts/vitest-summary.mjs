// SPDX-License-Identifier: LGPL-2.1-or-later
// A vitest reporter: writes the run's figures as JSON to the file that VITEST_SUMMARY names.
// A skip counts as declared only with a reason: `context.skip('no QEMU on this machine')` inside the test.
import { writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

/** @implements {import('vitest/reporters').Reporter} */
export default class SummaryReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const summary = { passed: 0, failed: unhandledErrors.length, failures: [], skipped: [], undeclared: [] };
    const fail = (name, errors) => summary.failures.push(`${name}: ${reasonOf(errors)}`);
    if (unhandledErrors.length > 0) fail('outside of every test', unhandledErrors);
    for (const module of modules) {
      // A file that could not be loaded, or a failed hook around tests, is one failure; its tests are then no skips.
      for (const broken of [module, ...module.children.allSuites()].filter(isBroken)) {
        summary.failed += 1;
        fail(nameOf(module, broken), broken.errors());
      }
      for (const test of module.children.allTests()) {
        const result = test.result();
        const name = nameOf(module, test);
        if (result.state === 'passed') summary.passed += 1;
        else if (result.state === 'failed') {
          summary.failed += 1;
          fail(name, result.errors);
        } else if (result.note) summary.skipped.push(`${name}: ${result.note}`);
        else if (!isInBroken(test)) summary.undeclared.push(name);
      }
    }
    const file = process.env['VITEST_SUMMARY'];
    if (file) writeFileSync(file, JSON.stringify(summary));
  }
}

function nameOf(module, task) {
  return task === module ? module.relativeModuleId : `${module.relativeModuleId}: ${task.fullName}`;
}

/** What fits on a line. */
function reasonOf(errors) {
  const text = stripVTControlCharacters(String(errors[0]?.message ?? 'no error')).replaceAll(/\s+/g, ' ');
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

function isBroken(container) {
  return container.errors().length > 0;
}

function isInBroken(task) {
  return task.type !== 'module' && (isBroken(task.parent) || isInBroken(task.parent));
}
