#!/bin/bash

echo hook
