"""Makes the lab's SavedModels: conversion of published graphs, and graphs built here."""
