#!/bin/sh
echo "args: $*"; exit 3
