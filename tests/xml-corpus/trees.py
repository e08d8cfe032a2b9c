# SPDX-License-Identifier: LGPL-2.1-or-later
"""What expat makes of documents: an answer that owes nothing to the parser under test.

trees.py ARCHIVE: the XML files of the tests in libvirt's source, as a JSON list of [name, text, tree].
trees.py:         standard input is a JSON list of texts; standard output is a list of their trees.

A tree is [name, attributes, children], a child a tree or a string of text; comments and processing instructions are left
out. null is a document that is not well-formed.
"""

import json
import sys
import tarfile
from xml.parsers import expat


def tree_of(text):
    root = [None, {}, []]
    open_elements = [root]
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name, attributes):
        element = [name, attributes, []]
        open_elements[-1][2].append(element)
        open_elements.append(element)

    def data(text):
        children = open_elements[-1][2]
        if children and isinstance(children[-1], str):
            children[-1] += text
        else:
            children.append(text)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: open_elements.pop()
    parser.CharacterDataHandler = data
    try:
        parser.Parse(text.encode(), True)
    except (expat.ExpatError, UnicodeEncodeError):
        return None
    return root[2][0]


def files_of(archive):
    with tarfile.open(archive, "r|xz") as members:
        for member in members:
            _, directory, name = member.name.split("/", 2) if member.name.count("/") >= 2 else (None, None, "")
            if directory == "tests" and name.endswith(".xml") and member.isfile():
                yield name, members.extractfile(member).read().decode()


if len(sys.argv) > 1:
    answer = [(name, text, tree_of(text)) for name, text in files_of(sys.argv[1])]
else:
    answer = [tree_of(text) for text in json.load(sys.stdin)]
json.dump(answer, sys.stdout)
