"""Build a model file: conversion, pruning, calibration and the usual state."""
