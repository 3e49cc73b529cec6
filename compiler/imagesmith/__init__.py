"""The Azure VM Image Builder template, built on your own machine or CI runner."""
